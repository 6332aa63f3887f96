INSERT INTO deliveries (
    id, source, event_type, event_id, outcome, reason, received_at, method, path, query, headers,
    peer, auth, rules, digest, body
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
