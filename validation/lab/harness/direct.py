"""No balancer: clients pick a pod for each new connection from a list that they are told of."""


class Direct:
    def __init__(self, run, index, binary):
        self.run, self.index, self.members = run, index, []

    async def start(self, members):
        self.members = list(members)

    def add(self, member):
        self.members.append(member)
        self.push()

    def remove(self, member):
        self.members.remove(member)
        self.push()

    def push(self):
        self.run.client.stdin.write(("members " + ",".join(self.members) + "\n").encode())

    async def finish(self):
        return {}

    async def stop(self):
        pass
