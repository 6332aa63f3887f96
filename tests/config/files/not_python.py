def handle(event):
    return event

def broken(
