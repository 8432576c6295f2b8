// @kubernetes/client-node: list, watch, apply, patch.
const assert = require('node:assert');
const k8s = require('@kubernetes/client-node');

const config = new k8s.KubeConfig();
config.loadFromFile(process.argv[2]);
const core = config.makeApiClient(k8s.CoreV1Api);
const namespace = 'default';
const name = 'noded';

function body(data) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data };
}

// Resolves to "TYPE k" of every change until the object is gone.
function changes(resourceVersion) {
  const seen = [];
  const query = { resourceVersion, fieldSelector: `metadata.name=${name}` };
  return new Promise((resolve, reject) => {
    new k8s.Watch(config).watch(
      `/api/v1/namespaces/${namespace}/configmaps`,
      query,
      (type, object) => {
        seen.push(`${type} ${object.data.k}`);
        if (type === 'DELETED') resolve(seen);
      },
      (error) => reject(error ?? new Error('the watch ended')),
    ).catch(reject);
  });
}

async function main() {
  const applied = k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.ServerSideApply);
  const apply = (data) => core.patchNamespacedConfigMap(
    { name, namespace, body: body(data), fieldManager: 'smoke' }, applied);
  const made = await apply({ k: '1' });
  assert.strictEqual(made.metadata.managedFields[0].operation, 'Apply');
  await apply({ k: '2' });

  const merge = k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch);
  await core.patchNamespacedConfigMap({ name, namespace, body: { data: { k: '3' } } }, merge);
  const listed = await core.listNamespacedConfigMap({ namespace, fieldSelector: `metadata.name=${name}` });
  assert.deepStrictEqual(listed.items.map((item) => item.data), [{ k: '3' }]);

  const watched = changes(made.metadata.resourceVersion);
  await core.deleteNamespacedConfigMap({ name, namespace });
  assert.deepStrictEqual(await watched, ['MODIFIED 2', 'MODIFIED 3', 'DELETED 3']);

  await assert.rejects(core.readNamespacedConfigMap({ name, namespace }), (error) => error.code === 404);
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
