using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using Slice.Net.Certificates;
using Slice.Tests.Support;

namespace Slice.Tests.Certificates;

/// <summary>What becomes of a certificate that another one has replaced.</summary>
public sealed class ServerCertificateTests : IDisposable
{
    private static readonly TimeSpan s_longestHandshake = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();
    private readonly TestDirectory _directory = new("certificates");
    private readonly TestAuthority _authority = new();
    private readonly ServerCertificate _certificate;

    public ServerCertificateTests()
    {
        Write("first.test");
        Assert.Null(ServerCertificate.Load(Path, Path, s_longestHandshake, _time, out var certificate));
        _certificate = certificate!;
    }

    private string Path => _directory.Combine("server.pem");

    public void Dispose()
    {
        _certificate.Dispose();
        _authority.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Replaced_certificates_are_disposed_when_no_handshake_can_use_them_any_more()
    {
        var first = Shown();
        Reload("second.test");
        var second = Shown();
        Assert.Equal(("CN=first.test", "CN=second.test"), (first.Subject, second.Subject));

        _time.Advance(s_longestHandshake * 1.5);
        Assert.False(IsDisposed(first));
        Reload("third.test");
        _time.Advance(s_longestHandshake * 0.5);
        Assert.Equal((true, false), (IsDisposed(first), IsDisposed(second)));
        _time.Advance(s_longestHandshake * 1.5);

        Assert.Equal((true, false), (IsDisposed(second), IsDisposed(Shown())));
    }

    [Fact]
    public void Ends_are_those_of_the_certificates_that_are_shown_now()
    {
        Reload("second.test");
        var end = Assert.Single(_certificate.Ends, end => end.Key == "CN=second.test");
        Assert.Equal(new DateTimeOffset(Shown().NotAfter).ToUnixTimeSeconds(), end.Value);
        Assert.DoesNotContain(_certificate.Ends, end => end.Key == "CN=first.test");
        Assert.Distinct(_certificate.Ends.Select(end => end.Key));
    }

    [Fact]
    public void Many_reloads_in_a_moment_leave_one_certificate()
    {
        var replaced = new List<X509Certificate2>();
        for (int reload = 0; reload < 20; reload++)
        {
            replaced.Add(Shown());
            Reload("next.test");
        }

        _time.Advance(2 * s_longestHandshake);

        Assert.All(replaced, certificate => Assert.True(IsDisposed(certificate)));
        Assert.False(IsDisposed(Shown()));
    }

    [Fact]
    public void Files_that_cannot_be_used_replace_nothing()
    {
        var first = Shown();
        File.WriteAllText(Path, "nothing");

        Assert.NotNull(_certificate.Reload());
        _time.Advance(2 * s_longestHandshake);

        Assert.Same(first, Shown());
        Assert.False(IsDisposed(first));
    }

    [Fact]
    public void Disposing_disposes_what_was_replaced_too()
    {
        var first = Shown();
        Reload("second.test");
        var second = Shown();

        _certificate.Dispose();

        Assert.Equal((true, true), (IsDisposed(first), IsDisposed(second)));
    }

    [Fact]
    public async Task Connection_outlives_the_certificate_that_it_was_made_with()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, TestContext.Current.CancellationToken);
        await using var ours = new SslStream(
            new NetworkStream(await listener.AcceptSocketAsync(TestContext.Current.CancellationToken), ownsSocket: true));
        await using var theirs = new SslStream(
            client.GetStream(), leaveInnerStreamOpen: false, (_, certificate, _, _) => certificate?.Subject == "CN=first.test");
        var accepting = ours.AuthenticateAsServerAsync(_certificate.Options, TestContext.Current.CancellationToken);
        await Deadline.WithinAsync(theirs.AuthenticateAsClientAsync("first.test"), "the client's handshake");
        await Deadline.WithinAsync(accepting, "our handshake");

        Reload("second.test");
        _time.Advance(2 * s_longestHandshake);
        await ours.WriteAsync("still here"u8.ToArray(), TestContext.Current.CancellationToken);
        byte[] received = new byte[10];
        await Deadline.WithinAsync(theirs.ReadExactlyAsync(received, TestContext.Current.CancellationToken).AsTask(), "bytes");

        Assert.Equal("still here", Wire.Text(received));
    }

    private X509Certificate2 Shown() => _certificate.Options.ServerCertificateContext!.TargetCertificate;

    private static bool IsDisposed(X509Certificate2 certificate) => certificate.Handle == IntPtr.Zero;

    private void Reload(string name)
    {
        Write(name);
        Assert.Null(_certificate.Reload());
    }

    private void Write(string name) => File.WriteAllText(Path, _authority.IssuePem(name));
}
