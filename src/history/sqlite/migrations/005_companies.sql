-- The company that a task is for. Earlier versions said it in the name alone.
alter table tasks add column company text;
update tasks set company = substr(name, instr(name, '[') + 1, length(name) - instr(name, '[') - 1)
  where name like '%[%]';
