"""The plant's asyncio shell: tags, mailboxes, gatekeepers, the bridge and the plant's own health."""
