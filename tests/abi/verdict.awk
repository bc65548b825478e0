# Judges a report of `abidiff --leaf-changes-only`: prints what breaks plugins of before, nothing when all of it is only
# more. -v moved="Store Identity": services whose major version has moved, so that older plugins do not meet them.
#
# More is: functions and symbols that came; a virtual function behind the last one of a class that the host implements.
# All else is a change: what went away, sizes, places, types, virtual functions before others, and any virtual function
# that came to a class which plugins implement, because theirs lack it.
BEGIN {
    plugins_implement = "^(Plugin|Behaviour|IoHandler|Connection|SpaceSource|services::.*)$"
    split(moved, names, " ")
    for (i in names) is_moved[names[i]] = is_moved["services::" names[i]] = 1
}
/^[ \t]*$/ { next }
# The summaries; what changed or went is counted here, what came is no concern.
/^(Leaf changes|Changed leaf types) summary:/ { next }
/^(Removed\/Changed\/Added|Functions changes|Variables changes|Function symbols changes|Variable symbols changes|Added\/Removed)[^:]*summary:/ {
    line = $0
    if (line ~ /[1-9][0-9]* Removed/ || line ~ /[1-9][0-9]* Changed/) print
    next
}
/^[0-9]+ Added (function|variable)/ { block = "added"; next }
/^[0-9]+ (Removed|Changed)/ { block = "gone"; print; next }
/^'(class|struct) cairn::[^']*' changed:$/ {
    name = $0
    sub(/^'(class|struct) cairn::/, "", name)
    sub(/( at [^ ']*)?' changed:$/, "", name)
    block = (name in is_moved) ? "moved" : "class"
    next
}
/^[^ \t]/ { block = "other"; print; next }
block == "added" || block == "moved" { next }
block == "class" {
    if ($0 ~ /type size hasn't changed/ || $0 ~ /there are member function changes:/ || $0 ~ /no member function change/) next
    if ($0 ~ /^ +[0-9]+ member function insertions?:/) next
    # Its name in the library stands behind it when the library has a body for it.
    if ($0 ~ /^ +'method virtual .*, virtual at voffset [0-9]+\/[0-9]+( +\{[^}]*\})?$/) {
        if (name !~ plugins_implement) next
        print "cairn::" name ", which plugins implement, has grown:" $0
        next
    }
    print "cairn::" name ":" $0
    next
}
{ print }
