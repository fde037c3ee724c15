"""A brain without a model: fills the slots of a playbook by rules, in English and Hebrew."""
