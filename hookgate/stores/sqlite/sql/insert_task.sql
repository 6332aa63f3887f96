INSERT INTO tasks (
    id, delivery_id, source, event_type, event_id, rule, program, params, created_at,
    next_attempt_at
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
