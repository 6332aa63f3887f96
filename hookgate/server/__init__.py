"""HTTP: requests become deliveries, receipts become answers, tasks and deliveries can be read.

Start with `webhooks.py`; `app.py` lists the routes and `answers.py` the statuses.
"""
