"""What would happen under this traffic and these faults?"""
