"""What needs the model in hand, turned into plain records for the faults."""
