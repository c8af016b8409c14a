namespace Slice.Core.Options;

/// <summary>The access log: one line for each exchange on the ports of clients.</summary>
public sealed record AccessLogOptions
{
    /// <summary>
    /// Where the lines go: a file, <see cref="Journal"/> or <see cref="StandardError"/>. Null, the default: nowhere.
    /// </summary>
    public string? Path { get; init; }

    /// <summary>How a line looks, as <see cref="AccessLogFormat"/> reads it. Default <c>combined</c>, which every log tool knows.</summary>
    public string Format { get; init; } = "combined";

    /// <summary>The path that stands for the journal of systemd.</summary>
    public static string Journal => "journal";

    /// <summary>The path that stands for standard error.</summary>
    public static string StandardError => "stderr";
}
