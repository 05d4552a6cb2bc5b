"""The callback service: admission, options and its public API."""
