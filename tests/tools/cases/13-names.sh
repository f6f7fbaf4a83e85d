# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Names that are odd, and names as long as they may be.
names=('a b' ' lead' 'trail ' $'new\nline' $'tab\t' '100%' '%2F' 'a%2Fb' '%%' '%' '%s%n'
    '-dash' '--' '-rf' 'ünïcödé' '日本語' '🦀' 'back\slash' 'quote"d' "it's" '*' '?' '[a]' '$HOME'
    '`x`' '.hidden' '...' '..x' '~' '#' ';' '|' '&' '!' $'\x01' $'\x7f' $'\xff\xfe')
i=0
for name in "${names[@]}"; do
    i=$((i + 1))
    echo "content $i" >"./$name"
done
find . -mindepth 1 -printf '%s %P\0' | sort -z | tr '\0' '\n'
ls -A
ls -Ab
ls -AQ1
for name in "${names[@]}"; do
    cat -- "$name"
done
for pattern in 'a*' '*ö*' '.?*' '*[[:space:]]*' '[!a-z]*'; do
    printf '%s:' "$pattern"
    # shellcheck disable=SC2086
    printf ' [%q]' $pattern
    echo
done
mv -- -rf --help-me
mv -- --help-me '-dash two'
cp -- 'a b' $'a\nb'
ln -- '日本語' '日本'
rm -- '*' '-dash two'
ls -AQ1
rm -- ./* .h*
ls -AQ1
