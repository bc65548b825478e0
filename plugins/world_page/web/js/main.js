// Puts the parts together and keeps the picture going.
import { Actions } from './actions.js';
import { Eye } from './camera.js';
import { Controls } from './controls.js';
import { exposeWorld } from './inspect.js';
import { Me } from './me.js';
import { World } from './model.js';
import { createSession, linkTo, roomOf } from './session.js';
import { Chat } from './ui/chat.js';
import { ConnectionBadge } from './ui/connection.js';
import { People } from './ui/people.js';
import { Toasts } from './ui/toasts.js';
import { Tools } from './ui/tools.js';
import { View2d } from './view2d.js';

const $ = (id) => document.getElementById(id);

const toasts = new Toasts($('toasts'));
const client = createSession(window.location);
const world = new World();
world.follow(client);
const me = new Me(client, world);
const actions = new Actions(client, world, me, (error, doing) => toasts.refused(error, doing));
const eye = new Eye();
let view = null;

new ConnectionBadge({ badge: $('connection'), text: $('connection-text'), action: $('connection-action') }, client);
const people = new People(
    {
        panel: $('people'),
        toggle: $('toggle-people'),
        count: $('people-count'),
        list: $('people-list'),
        form: $('name-form'),
        name: $('name'),
    },
    world,
    actions,
);
const chat = new Chat(
    {
        panel: $('chat'),
        toggle: $('toggle-chat'),
        unread: $('unread'),
        log: $('chat-log'),
        form: $('chat-form'),
        text: $('chat-text'),
        editing: $('chat-editing'),
        stop_editing: $('chat-stop-editing'),
    },
    world,
    actions,
);
new Tools(
    {
        tools: $('tools'),
        shapes: $('shapes'),
        color: $('color'),
        selection: $('selection'),
        palette: $('palette'),
    },
    world,
    actions,
);
const controls = new Controls({ canvas: $('scene'), stick: $('stick'), knob: $('knob') }, eye, actions, () => view);

showRoom();
showHint();
arrangePanels();
exposeWorld({ client, world, me, actions, currentView: () => view });
lookAhead();
// People and chat are there at once; the picture may take a moment longer on a slow line.
client.connect();
await startView();
requestAnimationFrame(frame);

function showRoom() {
    const room = roomOf(window.location);
    $('room-name').textContent = room;
    $('room-name').title = room;
    document.title = `${room} · Cairn`;
    $('copy-link').addEventListener('click', () => copyLink(linkTo(room, window.location)));
    // Another room in the address is another visit.
    window.addEventListener('hashchange', () => roomOf(window.location) !== room && window.location.reload());
}

async function copyLink(link) {
    try {
        await navigator.clipboard.writeText(link);
        toasts.show({ title: 'Link copied', text: 'Whoever opens it stands here beside you.', good: true });
    } catch {
        // The clipboard is closed to pages without https; then the link is shown to be copied by hand.
        toasts.show({ title: 'The link to this room', text: link, good: true });
    }
}

function showHint() {
    const touch = window.matchMedia('(pointer: coarse)').matches;
    $('hint').textContent = touch
        ? 'Walk with the stick, look around with a finger, tap a shape to place it.'
        : 'W A S D to walk, drag to look around, Enter to talk. Click a shape to place it.';
    $('hint').hidden = false;
    const done = () => ($('hint').hidden = true);
    controls.on_first_step = done;
    setTimeout(done, 12000);
}

/** Wide screens start with everything open, phones with a free view. */
function arrangePanels() {
    const small = window.matchMedia('(max-width: 720px), (max-height: 480px)').matches;
    people.open(!small);
    chat.open(!small);
    controls.on_chat_key = () => chat.focus();
    // A small screen has room for one of them.
    if (!small) return;
    $('toggle-people').addEventListener('click', () => people.panel.hidden || chat.open(false));
    $('toggle-chat').addEventListener('click', () => chat.panel.hidden || people.open(false));
}

/** Three dimensions where the browser has WebGL, else the same world from above. `?view=2d` asks for the latter. */
async function startView() {
    const parts = { world, me, actions, eye };
    if (new URLSearchParams(window.location.search).get('view') !== '2d') {
        try {
            if (!hasWebGl()) throw new Error('no WebGL');
            const { View3d } = await import('./view3d/view.js');
            view = new View3d($('scene'), parts);
        } catch (error) {
            console.warn(`The 3D view cannot start (${error.message}); showing the world from above.`);
            // A canvas that was asked for WebGL gives nothing else any more.
            const fresh = $('scene').cloneNode(false);
            $('scene').replaceWith(fresh);
            controls.listenToPointers(fresh);
            toasts.show({
                title: 'Shown from above',
                text: 'This browser has no working WebGL, so the world is drawn flat. Everything else works.',
                cure: "Hardware acceleration in the browser's settings brings the 3D view back.",
            });
        }
    }
    view ??= new View2d($('scene'), parts);
    window.addEventListener('resize', () => view.resize());
    world.on('chat.new', (line) => view.say(line, performance.now()));
}

/** The first look goes where the figure looks. */
function lookAhead() {
    let looked = false;
    world.on('reset', () => {
        if (!looked) eye.heading = me.yaw;
        looked = true;
    });
}

/** Asked on a canvas of its own: three.js writes an error to the console when it finds none. */
function hasWebGl() {
    return Boolean(document.createElement('canvas').getContext('webgl2'));
}

let last = performance.now();
function frame() {
    // requestAnimationFrame's own time may lie before events that came since; tracks are written by performance.now().
    const now = performance.now();
    // A tab that slept does not walk through the wall in one step.
    const seconds = Math.min(0.1, (now - last) / 1000);
    last = now;
    controls.step(seconds);
    me.step(Math.max(seconds, 0.001), controls.wish(), eye.heading);
    view.draw(now, seconds);
    requestAnimationFrame(frame);
}
