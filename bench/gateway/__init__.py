"""Many peers on one daemon, side by side; bench/gateway.py is its front door."""
