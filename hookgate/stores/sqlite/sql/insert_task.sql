INSERT INTO tasks (
    id, delivery_id, source, event_type, event_id, rule, program, params, created_at, key,
    priority, next_attempt_at, burst_key, burst_ends_at, waiting, turn, blocked
) VALUES (
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,
    coalesce(?16, 2 * (SELECT coalesce(max(arrival), 0) + 1 FROM tasks)),
    ?10 IS NOT NULL AND EXISTS (
        SELECT 1 FROM tasks INDEXED BY tasks_of_key
        WHERE source = ?3 AND key = ?10 AND key IS NOT NULL AND status IN ('pending', 'running')
    )
)
