SELECT
    id, source, event_type, event_id, outcome, reason, received_at, method, path, query, headers,
    peer, auth, rules, digest, x'' AS body, '' AS snapshot
FROM deliveries {where} ORDER BY id DESC LIMIT :limit
