"""What commands leave behind when their disk, their clock or their own life ends in the middle."""
