// Served at /@name@/; the client comes from the plugin world_page.
import { CairnClient } from '/client/cairn.js';

const find = (id) => document.getElementById(id);
const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
const client = new CairnClient({
    url: `${scheme}//${location.host}/ws`,
    space: new URLSearchParams(location.search).get('space') ?? 'main',
});

client.on('state', ({ state, reason }) => {
    find('state').textContent = reason ? `${state}: ${reason}` : state;
    find('send').disabled = true;
});
client.on('joined', ({ space }) => {
    find('state').textContent = `in ${space}`;
    find('send').disabled = false;
});
client.on('@name@.waved', ({ by, name, word, count }) => {
    // What people write becomes text, never markup.
    const line = document.createElement('li');
    line.textContent = `${by === client.player ? 'You' : name}: ${word} (${count})`;
    find('waves').prepend(line);
});

find('wave').addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
        await client.request('@name@.wave', { word: find('word').value });
    } catch (error) {
        find('state').textContent = error.message;
    }
});

client.connect();
