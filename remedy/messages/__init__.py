"""Mail: handing it over, and a catcher that is a real mail server for one machine."""
