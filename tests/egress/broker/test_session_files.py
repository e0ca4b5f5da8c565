"""What a box is given for logins: files with placeholders that its session's requests may carry."""

from pathlib import Path

from broker_scene import Scene, policy
from vaults import TOKEN


def test_a_login_that_was_adopted_is_a_file_in_the_box(tmp_path: Path) -> None:
    host = "npm.example.org"
    text = policy(
        folder=tmp_path,
        network=f"{{host: {host}}}",
        credentials=f"{{name: npm/{host}, host: {host}}}, {{name: other, host: {host}}}",
    )
    scene = Scene(tmp_path, text)
    scene.keep("bearer", host, name=f"npm/{host}")
    scene.keep("basic", host, name="other")

    async def act(scene: Scene) -> None:
        opened = await scene.open()
        given = scene.broker.core.sessions["s1"].given
        assert opened.files == (
            (".netrc", f"machine {host} login ann password {given['other']['password']}\n"),
            (".npmrc", f"//{host}/:_authToken={given[f'npm/{host}']['token']}\n"),
        )
        assert TOKEN not in repr(opened)
        again = await scene.open(state=opened.state)
        assert again.files == opened.files

    scene.play(act)
