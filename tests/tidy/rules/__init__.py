"""One rule in each file: NAME, REASON, ADVICE and check(tree), which yields violations."""
