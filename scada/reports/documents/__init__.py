"""What a report is before it has a form: values that say what the figures are, in no language and on no paper."""
