"""Does a forecast add anything on this traffic: ours, or a library's?"""
