"""How the app is: for whoever runs it."""

from pages.parts import access, frame, operate
from zoo.roles import Role

access.require(Role.OPERATOR)
frame.title("Operate", "How this server is, now and in the last ten minutes.")
operate.now()
