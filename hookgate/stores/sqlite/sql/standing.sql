-- Each number is counted by an index, and no further than :most. What is due first is the first of
-- those that may start, found by skipping from one priority of a lane to the next, or that waits.
WITH RECURSIVE heads (arrival) AS (
    SELECT (
        SELECT arrival FROM tasks INDEXED BY tasks_ready
        WHERE status = 'pending' AND NOT waiting AND NOT blocked
        ORDER BY source, program, priority DESC, turn, arrival
        LIMIT 1
    )
    UNION ALL
    SELECT coalesce(
        (
            SELECT arrival FROM tasks INDEXED BY tasks_ready
            WHERE status = 'pending' AND NOT waiting AND NOT blocked
                AND source = head.source AND program = head.program AND priority < head.priority
            ORDER BY priority DESC, turn, arrival
            LIMIT 1
        ),
        (
            SELECT arrival FROM tasks INDEXED BY tasks_ready
            WHERE status = 'pending' AND NOT waiting AND NOT blocked
                AND source = head.source AND program > head.program
            ORDER BY program, priority DESC, turn, arrival
            LIMIT 1
        ),
        (
            SELECT arrival FROM tasks INDEXED BY tasks_ready
            WHERE status = 'pending' AND NOT waiting AND NOT blocked AND source > head.source
            ORDER BY source, program, priority DESC, turn, arrival
            LIMIT 1
        )
    )
    FROM heads JOIN tasks AS head ON head.arrival = heads.arrival
)
SELECT
    (SELECT count(*) FROM (SELECT 1 FROM tasks WHERE status = 'pending' LIMIT :most)) AS pending,
    (SELECT count(*) FROM (SELECT 1 FROM tasks WHERE status = 'running' LIMIT :most)) AS running,
    (SELECT count(*) FROM (SELECT 1 FROM tasks WHERE status = 'failed' LIMIT :most)) AS failed,
    (
        SELECT min(due) FROM (
            SELECT min(next_attempt_at) AS due
            FROM heads JOIN tasks ON tasks.arrival = heads.arrival
            UNION ALL
            SELECT min(next_attempt_at) FROM tasks INDEXED BY tasks_waiting
            WHERE status = 'pending' AND waiting AND NOT blocked
        )
    ) AS next_due
