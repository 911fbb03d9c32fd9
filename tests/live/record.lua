-- Ardour without a screen: record a JACK port for some seconds and print every note.
-- SESSION_DIR: a folder for the session; SOURCE: the port; RECORD_SECONDS: how long.
-- A time is quarter notes and 1920ths of one, at Ardour's own 120 a minute.

assert (AudioEngine:set_backend ("JACK", "", ""), "no JACK backend")
Session = create_session (os.getenv ("SESSION_DIR") .. "/recorded", "recorded", 48000)
assert (Session, "no session")

local midi = ARDOUR.ChanCount (ARDOUR.DataType ("midi"), 1)
local tracks = Session:new_midi_track (
	midi, midi, true, ARDOUR.PluginInfo (), nil, nil, 1, "recorded",
	ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true)
local track = tracks:front ()
track:input ():midi (0):connect (os.getenv ("SOURCE"))
track:rec_enable_control ():set_value (1, PBD.GroupControlDisposition.NoGroup)
Session:maybe_enable_record (false)
Session:request_roll (ARDOUR.TransportRequestSource.TRS_UI)
print ("recording")
ARDOUR.LuaAPI.usleep (tonumber (os.getenv ("RECORD_SECONDS")) * 1000000)
Session:request_stop (false, false, ARDOUR.TransportRequestSource.TRS_UI)
ARDOUR.LuaAPI.usleep (2000000)

local n = 0
for region in track:playlist ():region_list ():iter () do
	local notes = ARDOUR.LuaAPI.note_list (region:to_midiregion ():model ())
	for note in notes:iter () do
		print ("note", note:time ():str (), note:note (), note:velocity ())
		n = n + 1
	end
end
print ("recorded", n)
close_session ()
quit ()
