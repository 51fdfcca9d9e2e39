"""Drives a Verda API through the official Python SDK, one area at a time.

Usage: python life.py <area> <base url>. Prints what the SDK read as one line of JSON; ends with an
error as soon as the SDK refuses an answer or something is not as it should be.
"""

import json
import os
import sys
import tempfile
import time

from verda import VerdaClient
from verda.constants import Actions, VolumeTypes
from verda.containers import (
    ComputeResource,
    Container,
    ContainerRegistrySettings,
    Deployment,
    EnvVar,
    EnvVarType,
    HealthcheckSettings,
    QueueLoadScalingTrigger,
    ScalingOptions,
    ScalingPolicy,
    ScalingTriggers,
    UtilizationScalingTrigger,
)
from verda.containers._containers import (
    ContainerRegistryCredentials,
    GithubCredentials,
    MemoryMount,
    SecretMount,
    SharedFileSystemMount,
)
from verda.exceptions import APIException

TYPE = '1V100.6V'
IMAGE = 'ubuntu-24.04-cuda-12.8-open-docker'
KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@here'


def wait(read, good, seconds=30):
    """Polls until `good(read())`."""
    deadline = time.monotonic() + seconds
    while True:
        value = read()
        if good(value):
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f'still {value!r}')
        time.sleep(0.05)


def refused(call):
    """Code and message of the refusal that the call meets."""
    try:
        call()
    except APIException as error:
        return {'code': error.code, 'message': error.message}
    raise AssertionError('the call was not refused')


def catalogue(verda):
    types = {one.instance_type: one for one in verda.instance_types.get()}
    return {
        'gpus': types[TYPE].gpu['number_of_gpus'],
        'price': types[TYPE].price_per_hour,
        'spot': types[TYPE].spot_price_per_hour,
        'euro': {o.instance_type: o for o in verda.instance_types.get('eur')}[TYPE].price_per_hour,
        'images': [one.image_type for one in verda.images.get(TYPE)],
        'locations': [one['code'] for one in verda.locations.get()],
        'volumeTypes': {one.type: one.price_per_month_per_gb for one in verda.volume_types.get()},
        'containers': [one.name for one in verda.container_types.get()],
        'compute': [one.name for one in verda.containers.get_compute_resources(size=1)],
        'available': verda.instances.is_available(TYPE, location_code='FIN-01'),
        'spotPlaces': [
            one['location_code']
            for one in verda.instances.get_availabilities(is_spot=True)
            if TYPE in one['availabilities']
        ],
        'periods': [one.code for one in verda.long_term.get_instance_periods()],
        'balance': verda.balance.get().amount,
        'currency': verda.balance.get().currency,
    }


def keys_and_scripts(verda):
    first = verda.ssh_keys.create('first', KEY)
    second = verda.ssh_keys.create('second', KEY)
    script = verda.startup_scripts.create('setup', '#!/bin/sh\necho "ä"\n')
    read = {
        'key': verda.ssh_keys.get_by_id(first.id).public_key,
        'names': sorted(one.name for one in verda.ssh_keys.get()),
        'script': verda.startup_scripts.get_by_id(script.id).script,
        'scripts': [one.name for one in verda.startup_scripts.get()],
    }
    verda.ssh_keys.delete_by_id(first.id)
    verda.ssh_keys.delete([second.id])
    verda.startup_scripts.delete_by_id(script.id)
    read['unknown'] = refused(lambda: verda.ssh_keys.get_by_id(first.id))
    read['left'] = len(verda.ssh_keys.get()) + len(verda.startup_scripts.get())
    return read


def instance(verda):
    key = verda.ssh_keys.create('mine', KEY)
    data = {'name': 'data', 'size': 100, 'type': VolumeTypes.NVMe}
    made = verda.instances.create(
        instance_type=TYPE,
        image=IMAGE,
        hostname='worker-1',
        description='of the test',
        ssh_key_ids=[key.id],
        location='FIN-01',
        volumes=[data],
        os_volume={'name': 'system', 'size': 60},
        wait_for_status='running',
    )
    running = wait(lambda: verda.instances.get_by_id(made.id), lambda one: one.ip)
    volumes = {one.name: one for one in verda.volumes.get()}
    verda.instances.action(made.id, Actions.SHUTDOWN)
    status = lambda: verda.instances.get_by_id(made.id).status
    wait(status, lambda one: one == 'offline')
    verda.instances.action([made.id], Actions.START)
    wait(status, lambda one: one == 'running')
    verda.instances.action(made.id, Actions.DELETE, volume_ids=[volumes['system'].id])
    wait(status, lambda one: one == 'discontinued')
    data_volume = wait(
        lambda: verda.volumes.get_by_id(volumes['data'].id), lambda one: one.status == 'detached'
    )
    trash = wait(verda.volumes.get_in_trash, lambda list: len(list) == 1)
    verda.volumes.delete(data_volume.id, is_permanent=True)
    verda.volumes.delete([one.id for one in trash], is_permanent=True)
    wait(verda.volumes.get, lambda list: list == [])
    verda.ssh_keys.delete_by_id(key.id)
    order = lambda **more: verda.instances.create(
        **{
            'instance_type': TYPE,
            'image': IMAGE,
            'hostname': 'x',
            'description': '',
            'location': 'FIN-01',
            **more,
        }
    )
    return {
        'hostname': running.hostname,
        'location': running.location,
        'price': running.price_per_hour,
        'systemDisk': running.os_volume_id == volumes['system'].id,
        'target': volumes['data'].target,
        'trash': [one.name for one in trash],
        'listed': [one.id for one in verda.instances.get()],
        'ended': made.id in [one.id for one in verda.instances.get(status='discontinued')],
        'secondDelete': refused(lambda: verda.instances.action(made.id, Actions.DELETE)),
        'unknownType': refused(lambda: order(instance_type='9Z999.1V')),
        'unknownPlace': refused(lambda: order(location='MOON-01')),
        'unknownKey': refused(lambda: order(ssh_key_ids=['nobody'])),
        'badStatus': refused(lambda: verda.instances.get(status='asleep')),
    }


def volumes(verda):
    block = verda.volumes.create(VolumeTypes.NVMe, 'block', 50, location='FIN-02')
    shared = verda.volumes.create(VolumeTypes.SFS, 'shared', 100, location='FIN-02')
    status = lambda id: lambda: verda.volumes.get_by_id(id).status
    wait(status(block.id), lambda one: one == 'detached')
    wait(status(shared.id), lambda one: one == 'created')
    host = verda.instances.create(
        TYPE, IMAGE, 'host', '', location='FIN-02', wait_for_status='running'
    )
    while_running = refused(lambda: verda.volumes.attach(block.id, host.id))
    verda.volumes.attach([shared.id], host.id)
    wait(status(shared.id), lambda one: one == 'attached')
    mount = verda.volumes.get_by_id(shared.id)
    verda.instances.action(host.id, Actions.SHUTDOWN)
    wait(lambda: verda.instances.get_by_id(host.id).status, lambda one: one == 'offline')
    verda.volumes.attach(block.id, host.id)
    wait(status(block.id), lambda one: one == 'attached')
    target = verda.volumes.get_by_id(block.id).target
    verda.volumes.detach(block.id)
    wait(status(block.id), lambda one: one == 'detached')
    verda.volumes.rename(block.id, 'renamed')
    verda.volumes.increase_size(block.id, 80)
    grown = verda.volumes.get_by_id(block.id)
    copy = verda.volumes.clone(block.id, name='copy')
    wait(status(copy.id), lambda one: one == 'detached')
    verda.instances.action(host.id, Actions.DELETE, volume_ids=[host_disk(verda, host.id)])
    wait(status(shared.id), lambda one: one == 'created')
    verda.volumes.delete_by_id(block.id)
    wait(status(block.id), lambda one: one == 'deleted')
    trash = sorted(one.name for one in verda.volumes.get_in_trash())
    for one in [block.id, shared.id, copy.id, *(one.id for one in verda.volumes.get_in_trash())]:
        verda.volumes.delete_by_id(one, is_permanent=True)
    wait(verda.volumes.get, lambda list: list == [])
    return {
        'whileRunning': while_running,
        'target': target,
        'mountCommand': mount.mount_command,
        'users': [one['hostname'] for one in mount.instances],
        'grown': {'name': grown.name, 'size': grown.size},
        'copy': {'name': copy.name, 'size': copy.size},
        'trash': trash,
        'hdd': refused(lambda: verda.volumes.create(VolumeTypes.HDD, 'old', 50)),
        'leftInTrash': len(verda.volumes.get_in_trash()),
    }


def host_disk(verda, id):
    return verda.instances.get_by_id(id).os_volume_id


def scaling(low, high):
    return ScalingOptions(
        min_replica_count=low,
        max_replica_count=high,
        scale_down_policy=ScalingPolicy(delay_seconds=300),
        scale_up_policy=ScalingPolicy(delay_seconds=60),
        queue_message_ttl_seconds=3600,
        concurrent_requests_per_replica=1,
        scaling_triggers=ScalingTriggers(
            queue_load=QueueLoadScalingTrigger(threshold=0.75),
            cpu_utilization=UtilizationScalingTrigger(enabled=False),
            gpu_utilization=UtilizationScalingTrigger(enabled=True, threshold=80),
        ),
    )


def containers(verda):
    api = verda.containers
    api.create_secret('token', 'hidden')
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, 'settings.json')
        with open(file, 'w') as out:
            out.write('{}')
        api.create_fileset_secret_from_file_paths('files', [file])
    api.add_registry_credentials(GithubCredentials('registry', 'me', 'hidden'))
    shared = verda.volumes.create(VolumeTypes.SFS, 'models', 100, location='FIN-01')
    wanted = Deployment(
        name='worker',
        is_spot=True,
        compute=ComputeResource(name='H200', size=1),
        container_registry_settings=ContainerRegistrySettings(
            is_private=True, credentials=ContainerRegistryCredentials('registry')
        ),
        containers=[
            Container(
                image='ghcr.io/me/comfyui-worker:1.0',
                exposed_port=8188,
                healthcheck=HealthcheckSettings(enabled=True, port=8188, path='/health'),
                env=[
                    EnvVar('LEVEL', 'info', EnvVarType.PLAIN),
                    EnvVar('TOKEN', 'token', EnvVarType.SECRET),
                ],
                volume_mounts=[
                    MemoryMount(1024),
                    SecretMount('/etc/worker', 'files'),
                    SharedFileSystemMount('/models', shared.id),
                ],
            )
        ],
        scaling=scaling(1, 3),
    )
    made = api.create_deployment(wanted)
    status = lambda: api.get_deployment_status('worker').value
    wait(status, lambda one: one == 'healthy')
    name = made.containers[0].name
    replicas = api.get_deployment_replicas('worker')
    raised = api.update_deployment_scaling_options('worker', scaling(0, 5))
    wait_for_healthy = lambda: wait(lambda: plain_status(verda), lambda one: one == 'healthy')
    wait_for_healthy()
    changed = api.get_deployment('worker')
    changed.containers[0].image = 'ghcr.io/me/comfyui-worker:1.1'
    api.update_deployment('worker', changed)
    wait_for_healthy()
    added = api.add_deployment_environment_variables(
        'worker', name, [EnvVar('MORE', '1', EnvVarType.PLAIN)]
    )
    left = api.delete_deployment_environment_variables('worker', name, ['MORE'])
    wait_for_healthy()
    api.pause_deployment('worker')
    paused = status()
    api.resume_deployment('worker')
    wait_for_healthy()
    api.restart_deployment('worker')
    api.purge_deployment_queue('worker')
    wait_for_healthy()
    used = refused(lambda: api.delete_secret('token'))
    second = refused(lambda: api.create_deployment(wanted))
    read = {
        'container': name,
        'endpoint': made.endpoint_base_url,
        'mounts': [type(one).__name__ for one in made.containers[0].volume_mounts],
        'replicas': len(replicas),
        'scaling': [raised.min_replica_count, raised.max_replica_count],
        'image': api.get_deployment('worker').containers[0].image['image'],
        'added': [one.name for one in added[name]],
        'left': [one.name for one in left[name]],
        'paused': paused,
        'usedSecret': used,
        'second': second,
        'secrets': [one.name for one in api.get_secrets()],
        'files': [one.name for one in api.get_fileset_secrets()],
        'credentials': [one.name for one in api.get_registry_credentials()],
        'listed': [one.name for one in api.get_deployments()],
    }
    api.delete_deployment('worker')
    wait(lambda: len(api.get_deployments()), lambda count: count == 0)
    read['gone'] = refused(lambda: api.get_deployment('worker'))
    api.delete_secret('token')
    api.delete_fileset_secret('files')
    api.delete_registry_credentials('registry')
    verda.volumes.delete_by_id(shared.id, is_permanent=True)
    wait(verda.volumes.get, lambda list: list == [])
    return read


def plain_status(verda):
    """Past the SDK's own list, which lacks `updating`."""
    answer = verda._http_client.get('/container-deployments/worker/status')
    return answer.json()['status']


def tokens(verda):
    """Outlives its access token, by refreshing it."""
    first = verda._authentication._access_token
    time.sleep(2.2)
    verda.balance.get()
    return {'refreshed': verda._authentication._access_token != first}


AREAS = {
    area.__name__: area for area in [catalogue, keys_and_scripts, instance, volumes, containers, tokens]
}

if __name__ == '__main__':
    area, base_url = sys.argv[1:]
    client = VerdaClient('test-client', os.environ['VERDA_CLIENT_SECRET'], base_url=base_url)
    print(json.dumps(AREAS[area](client)))
