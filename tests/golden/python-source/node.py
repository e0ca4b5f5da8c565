class Add:
    def run(self, a, b):
        return (a + b,)


NODE_CLASS_MAPPINGS = {"Add": Add}
WEB_DIRECTORY = "./web"
