"""The venue, as a client sees it: REST through the connector, streams through websockets, JSON only in `wire`."""
