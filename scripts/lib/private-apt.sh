# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# An apt of our own in a folder: it knows the suites that it is told and has
# nothing installed; the host's apt is only asked where Debian comes from.

# debian_mirror SUITE: where the host takes Debian from, for any suite
debian_mirror() {
	local suite=$1 uri

	case $suite in
	*-security) suite=security ;;
	*) suite=main ;;
	esac
	# shellcheck disable=SC2016 # apt expands these, not the shell
	uri=$(apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
		awk -v want=$suite '
			$1 == "Debian" && ($2 ~ /-security$/ ? "security" : "main") == want { print $3; exit }')
	if [ -z "$uri" ]; then
		echo "no Debian $suite archive among the host's apt sources; run 'apt-get update'?" >&2
		return 1
	fi
	echo "$uri"
}

# make_apt DIR SUITES: an apt of its own under DIR, knowing SUITES and nothing installed
make_apt() {
	local dir=$1 suites=$2 suite uri

	mkdir -p "$dir"/{lists/partial,archives/partial,empty}
	: >"$dir/status"
	: >"$dir/sources.list"
	for suite in ${suites//,/ }; do
		uri=$(debian_mirror "$suite")
		echo "deb [arch=amd64] $uri $suite main" >>"$dir/sources.list"
	done
	cat >"$dir/apt.conf" <<-CONF
	Dir::State::lists "$dir/lists";
	Dir::State::status "$dir/status";
	Dir::Cache "$dir";
	Dir::Cache::archives "$dir/archives";
	Dir::Etc::sourcelist "$dir/sources.list";
	Dir::Etc::sourceparts "$dir/empty";
	Dir::Etc::preferencesparts "$dir/empty";
	APT::Architecture "amd64";
	APT::Architectures "amd64";
	APT::Get::List-Cleanup "0";
	APT::Sandbox::User "";
	Acquire::Languages "none";
	Debug::NoLocking "true";
	CONF
	APT_CONFIG=$dir/apt.conf apt-get -qq update
}

# unpack_all DEBS ROOT: the contents of each package, no scripts run
unpack_all() {
	local deb

	mkdir -p "$2"
	for deb in "$1"/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -C "$2" -x --no-same-owner --keep-directory-symlink
	done
}
