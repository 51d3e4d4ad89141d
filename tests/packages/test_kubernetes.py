"""The manifests of contrib/kubernetes: by Kubernetes' schema, and played by podman."""

import os
import re
import subprocess
import sys
import textwrap
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from support.netns import Net
from support.transfer import await_reach
from support.waiting import eventually
from support.wg import new_keys

from machine import SERVER

MANIFESTS = Path(__file__).resolve().parents[2] / "contrib" / "kubernetes"
# Of the registry of Python, because Debian has none.
VALIDATOR = "kubernetes-validate==1.37.0"


@pytest.fixture(scope="session")
def validate(made):
    folder = made / "kubernetes-validate"
    if not (folder / "bin" / "kubernetes-validate").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=120)
        got = subprocess.run([folder / "bin" / "pip", "install", "--quiet", VALIDATOR],
                             timeout=300)
        if got.returncode != 0 and not os.environ.get("CI"):
            pytest.skip(f"pip cannot install {VALIDATOR}; is the registry within reach?")
    return lambda *files: subprocess.run(
        [folder / "bin" / "kubernetes-validate", "--strict", *files], text=True, timeout=120,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test_the_schema_of_kubernetes_accepts_each(validate, tmp_path):
    done = validate(*MANIFESTS.glob("*.yaml"))
    assert done.returncode == 0, done.stdout
    kinds = re.findall(r"passed for resource (\w+)/", done.stdout)
    assert sorted(kinds) == ["daemonset", "deployment", "pod", "service"]
    # It would say so if there were a fault.
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text((MANIFESTS / "gateway.yaml").read_text().replace("replicas: 1", "replicas: a"))
    assert validate(wrong).returncode != 0


@pytest.fixture
def hosts():
    with Net() as net:
        yield net.pair()


@contextmanager
def played(podman, host, folder, text):
    """The pod of a manifest in the network of a host."""
    settings = folder / "containers.conf"
    settings.write_text('[engine]\ninfra_image = "localhost/base:latest"\n[containers]\n'
                        'default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n')
    path = folder / f"{host.name}.yaml"
    path.write_text(text)
    before = podman.prefix
    podman.prefix = [*host.command([]), "nsenter", f"--mount=/proc/{os.getpid()}/ns/mnt", "--",
                     "env", f"CONTAINERS_CONF={settings}"]
    try:
        podman.run("kube", "play", "--network=host", str(path))
        yield
        podman.run("kube", "down", str(path))
    finally:
        podman.prefix = before


def replaced(text, pattern, by):
    text, count = re.subn(pattern, by, text)
    assert count == 1, pattern
    return text


def with_secret(manifest, folder, user, file):
    """Debian's podman 4.3 does not decode the text of a Secret in a volume, so a folder of this
    host that the user may read is in its place."""
    secret = folder / f"secret-{user}" / "wg0.conf"
    secret.parent.mkdir()
    secret.write_text(file)
    for path in (secret, secret.parent):
        os.chown(path, user, user)
    secret.chmod(0o400)
    # Nor does it map ports into the network of a host.
    text = re.sub(r" +ports:\n +- {name: wireguard, containerPort.*\n", "",
                  (MANIFESTS / manifest).read_text())
    return replaced(text, "secret: {.*}", f"hostPath: {{path: {secret.parent}}}")


def pod_of_node(name, key_folder, files):
    """The pod that the DaemonSet has on this node, with the ConfigMap that its text tells of:
    podman 4.3 plays no DaemonSet, knows no name of a node and puts no variable into arguments."""
    template = (MANIFESTS / "mesh.yaml").read_text().split("\n  template:\n")[1]
    # Without more it would start the container that makes the key again and again. It is to be kept
    # at its end, for its log.
    pod = textwrap.dedent(template).replace(
        "metadata:\n", f"metadata:\n  name: {name}\n"
        "  annotations: {io.podman.annotations.init.container.type: always}\n", 1)
    # And all pods would share a folder of one name.
    pod = re.sub(r"name: run\b", f"name: run-{name}", pod)
    pod = replaced(pod, "spec:\n", "spec:\n  restartPolicy: OnFailure\n")
    pod = replaced(pod, r"valueFrom:\n +fieldRef: {fieldPath: spec.nodeName}", f"value: {name}")
    pod = replaced(pod, r"\$\(NODE_NAME\)", name)
    pod = replaced(pod, "/var/lib/wring, type: DirectoryOrCreate", str(key_folder))
    data = "".join(f"  {file}: |\n{textwrap.indent(text, '    ')}" for file, text in files.items())
    return ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: wring-mesh}\ndata:\n" + data
            + "---\napiVersion: v1\nkind: Pod\n" + pod)


def test_the_gateway_and_the_pod_without_privileges_work_as_written(podman, image, hosts, tmp_path):
    inner, outer = hosts
    keys, others = new_keys(), new_keys()
    gateway = (f"[Interface]\nPrivateKey = {keys.private}\nAddress = 10.9.0.1/24\n"
               f"ListenPort = 51820\n[Peer]\nPublicKey = {others.public}\n"
               "AllowedIPs = 10.9.0.2/32\n")
    client = (f"[Interface]\nPrivateKey = {others.private}\nAddress = 10.9.0.2/24\n[Peer]\n"
              f"PublicKey = {keys.public}\nAllowedIPs = 0.0.0.0/0\nEndpoint = 10.7.0.2:51820\n")
    with played(podman, outer, tmp_path, with_secret("gateway.yaml", tmp_path, 0, gateway)):
        # The interface is there a moment before its address.
        eventually(lambda: "10.9.0.1/24" in outer.run("ip", "-brief", "address").stdout,
                   "the gateway is up", 30.0, 0.2)
        outer.popen("perl", "-e", SERVER, "10.9.0.1:80")
        with played(podman, inner, tmp_path, with_secret("exec.yaml", tmp_path, 65534, client)):
            eventually(lambda: "the page" in podman.run("logs", "wring-exec-program").stdout,
                       "the pod has read the page", 30.0, 0.3)
        assert "masquerade" in outer.run("nft", "list", "ruleset").stdout


def test_a_node_of_the_mesh_makes_its_key_once(podman, image, tmp_path):
    text = (MANIFESTS / "mesh.yaml").read_text()
    script = textwrap.dedent(text.split("- |\n")[1].split("          securityContext")[0])
    words = ["run", "--rm", "--network=none", "--cap-drop=all", *podman.limits,
             f"--volume={tmp_path}:/var/lib/wring", "--entrypoint=sh", image, "-c", script]
    public = podman.run(*words).stdout
    assert podman.run(*words).stdout == public
    private = tmp_path / "private.key"
    assert private.stat().st_mode & 0o777 == 0o600
    assert subprocess.run(["wg", "pubkey"], input=private.read_text(), text=True, check=True,
                          stdout=subprocess.PIPE).stdout == public


def test_two_nodes_of_the_mesh_reach_each_other(podman, image, hosts, tmp_path):
    keys, files = [new_keys(), new_keys()], {}
    for number, (mine, other) in enumerate((keys, keys[::-1]), 1):
        folder = tmp_path / f"key{number}"
        folder.mkdir()
        (folder / "private.key").write_text(mine.private + "\n")
        files[f"node-{number}.conf"] = (
            "[Interface]\nPrivateKeyFile = /var/lib/wring/private.key\n"
            f"Address = 10.90.0.{number}/24\nListenPort = 51820\n[Peer]\n"
            f"PublicKey = {other.public}\nAllowedIPs = 10.90.0.{3 - number}/32\n"
            f"Endpoint = 10.7.0.{3 - number}:51820\n")
    with ExitStack() as stack:
        for number, (host, mine) in enumerate(zip(hosts, keys), 1):
            pod = pod_of_node(f"node-{number}", tmp_path / f"key{number}", files)
            stack.enter_context(played(podman, host, tmp_path, pod))
            eventually(lambda: host.has_link("wg0"), f"node {number} is up", 30.0, 0.2)
            # The key that was there is the one that is used.
            assert podman.run("logs", f"node-{number}-make-key").stdout == mine.public + "\n"
        await_reach(hosts[0], "10.90.0.2", 30.0)
