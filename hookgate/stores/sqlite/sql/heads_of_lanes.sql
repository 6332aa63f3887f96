-- The first ready task of each source and program, found by skipping from one lane to the next:
-- to the next program of the source or, after its last one, to the next source.
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
SELECT tasks.priority, tasks.turn, tasks.arrival, tasks.source, tasks.program
FROM heads JOIN tasks ON tasks.arrival = heads.arrival
