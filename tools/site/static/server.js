// On a static host and in a folder there is no server to talk to. `mft lab` answers with a file of its own.
window.MFT_SERVER = null;
