using System.Net;
using System.Text;
using Slice.Core.Http;

namespace Slice.Host.Status;

/// <summary>
/// Whether a request of a browser may see the status, or change something: a browser carries requests of every page that its user looks at
/// to every port that its machine reaches. Pure.
/// </summary>
/// <remarks>
/// A page of a stranger must neither read nor purge. What a browser lets a stranger send is told by <c>Sec-Fetch-Site</c> and
/// <c>Origin</c>. A name of the stranger's own that leads to this port (DNS rebinding) makes the stranger's page one of the same origin;
/// then the name stands in Host. So names are believed only when the operator has named them, and addresses always, as nobody can make an
/// address lead elsewhere. What is no browser sends neither field and is not kept from anything.
/// </remarks>
internal static class PageAccess
{
    private static readonly string s_machineName = Dns.GetHostName();

    /// <summary>Whether the host is an address, localhost, this machine's name, or a name of <paramref name="hosts"/>.</summary>
    /// <param name="host">Host with its port, as received.</param>
    /// <param name="hosts">Names, and <c>*.NAME</c> for every name below one.</param>
    public static bool IsKnownHost(ReadOnlySpan<byte> host, IReadOnlyList<string> hosts)
    {
        string name = NameOf(Encoding.Latin1.GetString(host));
        return IPAddress.TryParse(name.Trim('[', ']'), out _)
            || Is(name, "localhost")
            || Is(name, s_machineName)
            || hosts.Any(known => known.StartsWith("*.", StringComparison.Ordinal)
                ? name.EndsWith(known[1..], StringComparison.OrdinalIgnoreCase)
                : Is(name, known));
    }

    /// <summary>Whether no page of somebody else has caused the request: parts of the status are for this page and for programs.</summary>
    public static bool MayRead(FieldTable fields) => ValueOf(fields, "Sec-Fetch-Site"u8) is null or "same-origin" or "none";

    /// <summary>Whether the request is of this page, or of a program that knows what it does.</summary>
    /// <param name="fields">The fields of the request.</param>
    /// <param name="host">Host with its port, as received.</param>
    public static bool MayChange(FieldTable fields, ReadOnlySpan<byte> host) =>
        ValueOf(fields, "X-Status-Page"u8) is "1"
        && ValueOf(fields, "Sec-Fetch-Site"u8) is null or "same-origin"
        && (ValueOf(fields, "Origin"u8) is not { } origin || Is(origin, "http://" + Encoding.Latin1.GetString(host)));

    /// <summary>Whether a browser has sent the request: it says so, and what else it may say is for the page.</summary>
    public static bool IsOfBrowser(FieldTable fields) =>
        fields.NextIndex("Origin"u8, 0) >= 0 || fields.NextIndex("Sec-Fetch-Site"u8, 0) >= 0;

    private static bool Is(string name, string known) => string.Equals(name, known, StringComparison.OrdinalIgnoreCase);

    // Two lines of the same name are nobody's that we know.
    private static string? ValueOf(FieldTable fields, ReadOnlySpan<byte> name)
    {
        int index = fields.NextIndex(name, 0);
        return index < 0 ? null
            : fields.NextIndex(name, index + 1) >= 0 ? ""
            : Encoding.Latin1.GetString(fields.ValueAt(index));
    }

    // Without the port; an IPv6 address keeps its brackets (RFC 3986 §3.2.2).
    private static string NameOf(string host)
    {
        int colon = host.LastIndexOf(':');
        return colon > host.LastIndexOf(']') ? host[..colon] : host;
    }
}
