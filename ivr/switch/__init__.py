"""The calls of the scripts, on Asterisk: the flows' ports made of ARI and AMI."""
