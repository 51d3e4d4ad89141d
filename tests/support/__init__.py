"""What the end-to-end and the interop tests share: namespaces, daemons, `wg`, and traffic.

Everything that a test starts lives in namespaces that vanish with it: see `netns.Net`.
"""
