"""What would change in a cloud, and is that still true?"""
