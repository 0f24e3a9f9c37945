-- What a component is made of, as its author's tools wrote it into the file, and what it imports: JSON. Parts are empty
-- when the file does not tell. Null: it was kept before anybody looked.
alter table plugins add column parts text;
alter table plugins add column imports text;
