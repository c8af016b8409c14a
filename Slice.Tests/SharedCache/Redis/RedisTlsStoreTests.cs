using Slice.Core.Observability;
using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Redis;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Redis;

/// <summary>
/// The contract over TLS with a user who may do what the documentation says that he has to be allowed, and nothing else, and who leaves no
/// trace in the log of refusals.
/// </summary>
public sealed class RedisTlsStoreTests(RedisTlsStoreTests.Fixture fixture)
    : KeyValueStoreContract, IClassFixture<RedisTlsStoreTests.Fixture>
{
    /// <inheritdoc/>
    protected override IKeyValueStore Open() => new RedisStore(fixture.Options, TimeProvider.System);

    /// <inheritdoc/>
    protected override Task StartAsync() => Task.CompletedTask;

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        string refused = await fixture.CliAsync("acl", "log");
        Assert.True(refused.Trim().Length == 0, refused);
    }

    [Fact]
    public async Task Certificate_for_another_name_is_refused_in_words()
    {
        await using var store = new RedisStore(fixture.Options with { TlsServerName = "other.test" }, TimeProvider.System);
        string refusal = await RefusalAsync(store, "TLS");
        Assert.Contains("RemoteCertificateNameMismatch", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificate_of_an_authority_that_is_not_in_the_file_is_refused_in_words()
    {
        await using var store = new RedisStore(fixture.Options with { TlsCaFile = null }, TimeProvider.System);
        await RefusalAsync(store, "TLS");
    }

    [Fact]
    public async Task File_of_authorities_that_is_missing_is_named_and_looked_for_again()
    {
        string path = Path.Combine(fixture.Server.Prefix, Guid.NewGuid().ToString("N"));
        await using var store = new RedisStore(fixture.Options with { TlsCaFile = path }, TimeProvider.System);
        var refusal = await Assert.ThrowsAsync<KeyValueStoreException>(
            async () => await store.GetAsync("t-a", TestContext.Current.CancellationToken));
        Assert.Contains(path, refusal.Message, StringComparison.Ordinal);

        File.Copy(fixture.Options.TlsCaFile!, path);
        await RedisTroubleTests.WorksAsync(store, "t-a");
    }

    [Fact]
    public async Task Key_outside_of_what_the_user_may_is_refused_in_words()
    {
        await using (var store = new RedisStore(fixture.Options, TimeProvider.System))
        {
            var refusal = await Assert.ThrowsAsync<KeyValueStoreException>(
                async () => await store.GetAsync("elsewhere", TestContext.Current.CancellationToken));
            Assert.Contains("lacks a right (ACL)", refusal.Message, StringComparison.Ordinal);
            Assert.Contains("NOPERM", refusal.Message, StringComparison.Ordinal);
        }

        // A store that is open goes on trying, and each try is noted.
        await fixture.CliAsync("acl", "log", "reset");
    }

    [Fact]
    public async Task Wrong_password_is_said_in_words()
    {
        await using (var store = new RedisStore(fixture.Options with { Password = "wrong" }, TimeProvider.System))
        {
            // Who asks while the client library is between two attempts hears of no connection.
            await Eventually.TrueAsync(
                async () => (await Assert.ThrowsAsync<KeyValueStoreException>(
                    async () => await store.GetAsync("t-a", TestContext.Current.CancellationToken)))
                    .Message.Contains("wrong user or password", StringComparison.Ordinal),
                () => "the refusal to say why");
        }

        await fixture.CliAsync("acl", "log", "reset");
    }

    [Fact]
    public async Task Description_without_the_right_to_ask_tells_less()
    {
        await fixture.CliAsync("acl", "setuser", "modest", "on", ">secret", "~t-*", "&t-*", "+@all", "-info");
        await using (var store = new RedisStore(fixture.Options with { User = "modest" }, TimeProvider.System))
        {
            string description = await store.DescribeAsync(TestContext.Current.CancellationToken);
            Assert.StartsWith("redis ", description, StringComparison.Ordinal);
            Assert.DoesNotContain("MiB", description, StringComparison.Ordinal);
        }

        await fixture.CliAsync("acl", "log", "reset");
    }

    [Fact]
    public async Task User_who_may_not_read_beginnings_reads_whole_values()
    {
        await fixture.CliAsync("acl", "setuser", "older", "on", ">secret", "~t-*", "&t-*", "+@all", "-getrange");
        await using (var store = new RedisStore(fixture.Options with { User = "older" }, TimeProvider.System))
        {
            var access = new TierAccess(store, TimeSpan.FromSeconds(10), TimeProvider.System);
            access.Open();
            var envelope = new TierEnvelope(null);
            var label = new TierLabel(TierValueKind.Slice, "t-older", default, 1 << 20, 0, 1 << 20);
            byte[] value = new byte[TierEnvelope.HeaderBytes + (1 << 20)];
            envelope.Seal(value, label, TimeSpan.FromMinutes(1));
            await store.SetAsync("t-older", value, TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
            using var reader = new TierReader(access, envelope, new TierMeter(), TimeProvider.System);

            // As the head of an object is read first: a store that has answered nothing yet is left alone after its first failure.
            using var whole = await reader.ReadAsync(label, 1 << 20, TestContext.Current.CancellationToken);
            Assert.True(whole.IsFound);
            foreach (int _ in Enumerable.Range(0, 3))
            {
                using var read = await reader.ReadBeginningAsync(label, 1 << 20, TestContext.Current.CancellationToken);
                Assert.Equal(("hit", 1 << 20), (read.Word, read.Payload.Length));
            }
        }

        await fixture.CliAsync("acl", "log", "reset");
    }

    /// <summary>A server that speaks TLS only and knows two users: ours, and the default one for the tests.</summary>
    public sealed class Fixture : RedisFixture
    {
        private readonly TestAuthority _authority = new();

        /// <summary>How to reach it.</summary>
        public SharedCacheOptions Options => new()
        {
            Type = SharedCacheType.Redis,
            Addresses = [Server.Address],
            User = "pslice",
            Password = "secret",
            Prefix = "t-p:",
            UsesTls = true,
            TlsCaFile = Path.Combine(Server.Prefix, "ca.pem"),
            TlsServerName = "redis.test",
        };

        /// <summary>redis-cli as the default user.</summary>
        public Task<string> CliAsync(params string[] arguments) => Server.CliAsync(
        [
            "--tls", "--cacert", Path.Combine(Server.Prefix, "ca.pem"), "--sni", "redis.test", "--pass", "root", "--no-auth-warning",
            .. arguments,
        ]);

        /// <inheritdoc/>
        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            _authority.Dispose();
        }

        /// <inheritdoc/>
        protected override Task<RedisServer> StartAsync() => RedisServer.StartAsync(
            $$$"""
            port 0
            tls-port {{port}}
            tls-cert-file {{prefix}}/server.pem
            tls-key-file {{prefix}}/server.pem
            tls-ca-cert-file {{prefix}}/ca.pem
            tls-auth-clients no
            aclfile {{prefix}}/users.acl
            """,
            new Dictionary<string, string>
            {
                ["server.pem"] = _authority.IssuePem("redis.test"),
                ["ca.pem"] = _authority.Pem,
                ["users.acl"] = $"user default on >root ~* &* +@all\n{RedisUser.Rule}\n",
            });
    }

    // On a busy machine the first attempt to connect may not have come to its end when the library says that there is no connection.
    private static async Task<string> RefusalAsync(RedisStore store, string expected)
    {
        string refusal = "";
        await Eventually.TrueAsync(
            async () =>
            {
                var failure = await Assert.ThrowsAsync<KeyValueStoreException>(
                    async () => await store.GetAsync("t-a", TestContext.Current.CancellationToken));
                return (refusal = failure.Message).Contains(expected, StringComparison.Ordinal);
            },
            () => $"a refusal that says {expected}: {refusal}");
        return refusal;
    }
}
