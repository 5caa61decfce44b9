"""Mail that is to be sent: posted in the transaction of what it tells about, sent by the clock."""
