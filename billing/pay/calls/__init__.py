"""What a merchant may ask of WeChat Pay, call by call: the bodies that go out, and the answers as typed outcomes."""
