"""Finding a medicine, who has it, and having packs set aside."""
