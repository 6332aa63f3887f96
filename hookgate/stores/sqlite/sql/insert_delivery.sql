-- Nothing is inserted where the event was accepted before.
INSERT INTO deliveries (
    id, source, event_type, event_id, outcome, reason, received_at, method, path, query, headers,
    peer, auth, rules, digest, body
)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16
WHERE NOT EXISTS (
    SELECT 1 FROM deliveries WHERE source = ?2 AND event_id = ?4 AND outcome = 'accepted'
)
