"""How fast is a decision, held against a peer's, and where does a whole wake spend its time?"""
