"""Which commands does the `flyball` command line have?"""
