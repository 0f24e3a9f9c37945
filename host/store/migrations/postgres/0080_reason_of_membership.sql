-- Why the segment had somebody when the audience was fixed, in the plugin's words; null for other audiences.
alter table campaign_people add column reason text;
