using Slice.Core.Options;

namespace Slice.Tests.Options;

/// <summary>What may stand in <c>shared_cache</c>: each key for itself, and which keys go together.</summary>
public sealed class SharedCacheRulesTests
{
    private static readonly SliceOptions s_valid = new() { UpstreamAddresses = [new Uri("http://origin.example:80")] };

    private static readonly string[] s_servers = ["10.0.0.5:6379"];

    public static TheoryData<SharedCacheOptions> Complete =>
    [
        new SharedCacheOptions(),
        new SharedCacheOptions { Type = SharedCacheType.Redis, Addresses = s_servers },
        new SharedCacheOptions
        {
            Type = SharedCacheType.Redis,
            Addresses = s_servers,
            Sentinel = "slices",
            User = "u",
            Password = "p",
        },
        new SharedCacheOptions
        {
            Type = SharedCacheType.Redis,
            Addresses = s_servers,
            UsesTls = true,
            TlsCaFile = "/ca.pem",
            TlsServerName = "redis.example",
        },
        new SharedCacheOptions
        {
            Type = SharedCacheType.Memcached,
            Addresses = ["a:1", "[::1]:2"],
            ItemSizeBytes = 8 << 20,
            MacKey = "0123456789abcdef",
        },
        new SharedCacheOptions
        {
            Type = SharedCacheType.Directory,
            Directory = "/mnt",
            DirectorySizeBytes = 1L << 50,
            FlushesDirectory = true,
        },

        // What is not looked at may stay for a type that comes back.
        new SharedCacheOptions
        {
            DirectorySizeBytes = 1L << 40,
            ItemSizeBytes = 1 << 21,
            Connections = 4,
            Collapses = false,
            Prefix = "other:",
        },
    ];

    public static TheoryData<SharedCacheOptions, string> Contradictory => new()
    {
        {
            new() { Type = SharedCacheType.Redis },
            $"address: (not set): required with shared_cache.type redis, allowed: {Allowed("address")}"
        },
        {
            new() { Type = SharedCacheType.Memcached },
            $"address: (not set): required with shared_cache.type memcached, allowed: {Allowed("address")}"
        },
        {
            new() { Type = SharedCacheType.Directory },
            $"directory: (not set): required with shared_cache.type directory, allowed: {Allowed("directory")}"
        },
        {
            new() { Addresses = s_servers },
            "address: 10.0.0.5:6379: of no use without shared_cache.type, allowed: not set, or shared_cache.type redis or memcached"
        },
        {
            new() { Type = SharedCacheType.Directory, Directory = "/mnt", Addresses = ["a:1", "b:2"] },
            "address: [a:1, b:2]: of no use with shared_cache.type directory, allowed: not set, or shared_cache.type redis or memcached"
        },
        {
            new() { Directory = "/mnt" },
            "directory: /mnt: of no use without shared_cache.type, allowed: not set, or shared_cache.type directory"
        },
        {
            new() { Type = SharedCacheType.Redis, Addresses = s_servers, Directory = "/mnt" },
            "directory: /mnt: of no use with shared_cache.type redis, allowed: not set, or shared_cache.type directory"
        },
        {
            new() { Type = SharedCacheType.Memcached, Addresses = s_servers, Sentinel = "slices" },
            "sentinel: slices: of no use with shared_cache.type memcached, allowed: not set, or shared_cache.type redis"
        },
        {
            new() { Type = SharedCacheType.Memcached, Addresses = s_servers, Password = "s3cret" },
            "password: (redacted): the text protocol of Memcached has no users and no TLS, allowed: not set, or shared_cache.type redis"
        },
        {
            new() { Type = SharedCacheType.Memcached, Addresses = s_servers, User = "u" },
            "user: u: the text protocol of Memcached has no users and no TLS, allowed: not set, or shared_cache.type redis"
        },
        {
            new() { Type = SharedCacheType.Memcached, Addresses = s_servers, UsesTls = true },
            "tls: true: the text protocol of Memcached has no users and no TLS, allowed: not set, or shared_cache.type redis"
        },
        {
            new() { Type = SharedCacheType.Directory, Directory = "/mnt", TlsServerName = "a" },
            "tls_server_name: a: of no use with shared_cache.type directory, allowed: not set, or shared_cache.type redis"
        },
        {
            new() { Type = SharedCacheType.Redis, Addresses = s_servers, TlsCaFile = "/ca.pem" },
            "tls_ca_file: /ca.pem: of no use without shared_cache.tls, allowed: not set, or shared_cache.tls true"
        },
        {
            new() { Type = SharedCacheType.Redis, Addresses = s_servers, TlsServerName = "a" },
            "tls_server_name: a: of no use without shared_cache.tls, allowed: not set, or shared_cache.tls true"
        },
    };

    [Theory]
    [MemberData(nameof(Complete))]
    public void What_goes_together_is_valid(SharedCacheOptions options) => Assert.Empty(Errors(options));

    [Theory]
    [MemberData(nameof(Contradictory))]
    public void What_does_not_go_together_is_named_with_what_is_allowed(SharedCacheOptions options, string error) =>
        Assert.Equal(["shared_cache." + error], Errors(options));

    [Theory]
    [InlineData("10.0.0.5:6379", null)]
    [InlineData("redis.example:1", null)]
    [InlineData("redis_1:65535", null)]
    [InlineData("[2001:db8::1]:6379", null)]
    [InlineData("redis.example", "the port is missing")]
    [InlineData("[::1]", "the port is missing")]
    [InlineData("redis.example:0", "no server listens on port 0")]
    [InlineData("redis.example:65536", "the port is not a number from 0 to 65535")]
    [InlineData("2001:db8::1:6379", "an IPv6 address goes in brackets")]
    [InlineData("redis://redis.example:6379", "only host and port belong here: user, password and TLS have keys of their own")]
    [InlineData("user@redis.example:6379", "only host and port belong here: user, password and TLS have keys of their own")]
    [InlineData("a:1,b:2", "a comma: several addresses are a list, and each option has a key of its own")]
    [InlineData("", "not a host name, IPv4 address or IPv6 address in brackets")]
    public void Server_is_a_host_with_a_port(string address, string? problem)
    {
        string[] errors = Errors(new() { Type = SharedCacheType.Redis, Addresses = [address] });
        Assert.Equal(problem is null ? [] : [$"shared_cache.address: {address}: {problem}, allowed: {ServerAddress.Syntax}"], errors);
    }

    [Fact]
    public void Server_is_listed_once() => Assert.Equal(
        ["shared_cache.address: A:1: listed twice, allowed: each address once"],
        Errors(new() { Type = SharedCacheType.Redis, Addresses = ["a:1", "b:1", "A:1"] }));

    [Theory]
    [InlineData(64, 0)]
    [InlineData(65, 1)]
    public void Number_of_servers_is_bounded(int count, int errors) => Assert.Equal(
        errors,
        Errors(new() { Type = SharedCacheType.Memcached, Addresses = [.. Enumerable.Range(1, count).Select(port => $"a:{port}")] }).Length);

    [Theory]
    [InlineData("pslice:", null)]
    [InlineData("a", null)]
    [InlineData("Fleet_1.eu-west:", null)]
    [InlineData("", "empty")]
    [InlineData("two words", "has other characters")]
    [InlineData("{tag}", "has other characters")]
    [InlineData("ü", "has other characters")]
    public void Prefix_has_few_characters(string prefix, string? problem) => Assert.Equal(
        problem is null
            ? []
            : [$"shared_cache.prefix: {prefix}: {problem}, allowed: 1 to 64 of the characters A-Z a-z 0-9 . _ : -"],
        Errors(new() { Prefix = prefix }));

    [Theory]
    [InlineData(64, 0)]
    [InlineData(65, 1)]
    public void Prefix_is_bounded(int characters, int errors) =>
        Assert.Equal(errors, Errors(new() { Prefix = new string('a', characters) }).Length);

    [Theory]
    [InlineData("0123456789abcdef", null)]
    [InlineData("0123456789abcde", "too short")]
    [InlineData("", "empty")]
    [InlineData("0123456789 abcdef", "has characters other than visible ASCII")]
    [InlineData("(redacted)", "the placeholder of --check-config, not a secret")]
    public void Mac_key_has_sixteen_characters_and_is_not_shown(string key, string? problem) => Assert.Equal(
        problem is null
            ? []
            : [$"shared_cache.mac_key: (redacted): {problem}, allowed: visible ASCII without spaces, at least 16 characters"],
        Errors(new() { MacKey = key }));

    [Theory]
    [InlineData("slices", null)]
    [InlineData("", "empty")]
    [InlineData("two words", "has characters other than visible ASCII")]
    public void Names_of_sentinel_and_user_are_words(string name, string? problem)
    {
        string[] errors = Errors(new() { Type = SharedCacheType.Redis, Addresses = s_servers, Sentinel = name, User = name });
        string text = name.Length == 0 ? "" : name;
        Assert.Equal(
            problem is null
                ? []
                : ((string[])["sentinel", "user"]).Select(
                    key => $"shared_cache.{key}: {text}: {problem}, allowed: visible ASCII without spaces"),
            errors);
    }

    private static string Allowed(string key) => OptionTable.Find("shared_cache." + key)!.Allowed;

    private static string[] Errors(SharedCacheOptions options) =>
        [.. SliceOptionsValidator.Validate(s_valid with { SharedCache = options }).Select(error => error.ToString())];
}
