"""States facts about an anatomy."""
