// What the page's buttons send, and what they do when the server says no.
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { test } from 'node:test';
import { CairnError } from '../../sdk/client/cairn.js';
import { Actions } from '../../plugins/world_page/web/js/actions.js';
import { World } from '../../plugins/world_page/web/js/model.js';

// Browsers and newer Node have it; Debian 12's Node 18 does not put it among the globals.
globalThis.crypto ??= webcrypto;

/** A client that answers what the test says. */
function scene(answer = () => ({})) {
    const sent = [];
    const listeners = {};
    const client = {
        on: (type, listener) => (listeners[type] = listener),
        send: (t, d) => Boolean(sent.push({ t, d })),
        request: async (t, d) => {
            sent.push({ t, d, request: true });
            return answer(t, d);
        },
    };
    const world = new World();
    world.joined('u1', 1, false);
    world.state({
        users: [{ n: 1, id: 'u1', name: 'Ada' }],
        objects: [
            {
                id: 'a',
                name: 'Box',
                type: 'primitive',
                p: [0, 0.5, 0],
                r: [0, 0, 0],
                s: [1, 1, 1],
                properties: { shape: 'box' },
            },
        ],
    });
    const complaints = [];
    const me = { p: [0, 0, 0], heading: 0 };
    const actions = new Actions(client, world, me, (error, doing) => complaints.push([doing, error.code]));
    return { actions, world, sent, complaints, refuse: (error) => listeners.refused(error) };
}

const refusing = (code) => () => {
    throw new CairnError({ code, message: 'No.' });
};

test('place sends a primitive with an id of its own, in front and not inside of another', async () => {
    const { actions, world, sent } = scene();
    const id = await actions.place('cone');
    const { t, d } = sent[0];
    assert.equal(t, 'object.create');
    assert.equal(d.id, id);
    assert.match(d.name, /^[\w -]+$/);
    assert.deepEqual([d.type, d.properties.shape], ['primitive', 'cone']);
    assert.match(d.properties.color, /^#[0-9a-f]{6}$/);
    assert.ok(d.p[2] > 2, 'in front');
    const second = await actions.place('box');
    const [p, q] = [world.objects.get(id).p, world.objects.get(second).p];
    assert.ok(Math.hypot(p[0] - q[0], p[2] - q[2]) >= 1.2, 'beside the first');
});

test('a refused place leaves nothing behind and says why', async () => {
    const { actions, world, complaints } = scene(refusing('rate_limited'));
    await assert.rejects(actions.place('box'), { code: 'rate_limited' });
    assert.equal(world.objects.size, 1);
    assert.deepEqual(complaints, [['object.create', 'rate_limited']]);
});

test('a drag sends at most ten positions a second and ends with a final one that is a request', async () => {
    const { actions, world, sent } = scene();
    const start = performance.now();
    for (let i = 1; i <= 60; i++) {
        actions.drag('a', [i / 10, 0.5, 0]);
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await actions.drop('a');
    const tenths = (performance.now() - start) / 100;
    const on_the_way = sent.filter((one) => !one.request);
    assert.ok(
        on_the_way.length >= 1 && on_the_way.length <= Math.ceil(tenths) + 1,
        `${on_the_way.length} in ${tenths} tenths`,
    );
    assert.ok(on_the_way.every((one) => one.t === 'object.move' && one.d.final === undefined));
    assert.deepEqual(sent.at(-1), {
        t: 'object.move',
        request: true,
        d: { id: 'a', p: [6, 0.5, 0], r: [0, 0, 0], s: [1, 1, 1], final: true },
    });
    assert.deepEqual(world.objects.get('a').p, [6, 0.5, 0]);
    assert.equal(actions.held.size, 0);
});

test('a drag that is refused at the end goes back', async () => {
    const { actions, world, complaints } = scene(refusing('forbidden'));
    actions.drag('a', [9, 0.5, 9]);
    assert.deepEqual(actions.poseOf(world.objects.get('a')).p, [9, 0.5, 9]);
    await assert.rejects(actions.drop('a'), { code: 'forbidden' });
    assert.deepEqual(actions.poseOf(world.objects.get('a')).p, [0, 0.5, 0]);
    assert.deepEqual(complaints, [['object.move', 'forbidden']]);
});

test('a drag that is refused on its way goes back too', () => {
    const { actions, world, refuse } = scene();
    actions.drag('a', [9, 0.5, 9]);
    refuse(new CairnError({ code: 'forbidden', message: 'Locked.', type: 'object.move' }));
    assert.deepEqual(actions.poseOf(world.objects.get('a')).p, [0, 0.5, 0]);
});

test('what somebody else deletes is let go and unselected', () => {
    const { actions, world } = scene();
    actions.select('a');
    actions.drag('a', [9, 0.5, 9]);
    world.dropObject('a');
    assert.equal(actions.selected, null);
    assert.equal(actions.held.size, 0);
    assert.equal(actions.drags.size, 0);
});

test('a colour keeps the other properties', async () => {
    const { actions, world, sent } = scene();
    await actions.recolor('a', '#00ff00');
    assert.deepEqual(sent[0].d, { id: 'a', properties: { shape: 'box', color: '#00ff00' } });
    assert.equal(world.objects.get('a').properties.color, '#00ff00');
});

test('empty words are not sent', async () => {
    const { actions, sent } = scene();
    await actions.say('   ');
    assert.equal(sent.length, 0);
    await actions.say('  hello ');
    assert.deepEqual(sent[0].d, { message: 'hello' });
});
